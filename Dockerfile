# The image of the operator: the controller manager, and the agents that it runs on nodes.
#
#   npm ci && npm run bundle
#   docker build --build-arg BASE_IMAGE=… --tag weka-operator .          (or: buildah build …)
#
# BASE_IMAGE is any image of a glibc distribution with Node.js 20.20 or newer on its PATH, such as Node's own on Debian.
# Where kmod is missing (insmod and modprobe, for the drivers loader) it is installed; else the build needs no network.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}

RUN command -v insmod >/dev/null || { apt-get update && apt-get install -y --no-install-recommends kmod && rm -rf /var/lib/apt/lists/*; }

COPY dist/ /opt/weka-operator/

ENV NODE_ENV=production
ENTRYPOINT ["node", "/opt/weka-operator/weka-operator.js"]
CMD ["manager"]
