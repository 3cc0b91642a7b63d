import { ApiObject, App, Chart, YamlOutputType } from 'cdk8s';
import { crdOf } from '../lib/api/crd';
import { KINDS } from '../lib/api/kinds';

/** What `cdk8s synth` writes: the definitions of our kinds, one file each. */
export const crdApp = (outdir?: string): App => {
  const app = new App({
    yamlOutputType: YamlOutputType.FILE_PER_RESOURCE,
    ...(outdir === undefined ? {} : { outdir }),
  });
  const chart = new Chart(app, 'crds');
  for (const definition of KINDS) {
    const { apiVersion, kind, metadata, spec } = crdOf(definition);
    new ApiObject(chart, definition.kind, { apiVersion, kind, metadata: { ...metadata }, spec });
  }
  return app;
};

if (require.main === module) crdApp().synth();
