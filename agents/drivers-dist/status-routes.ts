import type { FastifyInstance } from 'fastify';
import type { Served } from './http-server';

/** For the kubelet and Prometheus. Nothing here is a secret, nothing changes anything. */
export const statusRoutes = (app: FastifyInstance, { metrics, notReady }: Served): void => {
  app.get('/healthz', (_, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));
  app.get('/readyz', (_, reply) => {
    const waiting = notReady();
    return reply
      .code(waiting === undefined ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(waiting === undefined ? 'ready\n' : `not ready: ${waiting}\n`);
  });
  app.get('/metrics', async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
};
