import { gatewayNames } from '../../controllers/gateway/gateway';
import { gatewayUrl } from '../../lib/drivers/agent-access';
import { gatewayService } from '../../lib/operator/gateway-service';

test('the Service is where agents dial by default, and its name is in the certificate', () => {
  const { metadata, spec } = gatewayService('operators');
  const { hostname, port } = new URL(gatewayUrl('operators'));
  expect(hostname).toBe(`${metadata.name}.${metadata.namespace}.svc.cluster.local`);
  expect(spec?.['ports']).toMatchObject([{ port: Number(port), targetPort: Number(port) }]);
  expect(gatewayNames('operators')).toContain(hostname);
});

test('it leads to the replica that leads, and to no other Pod', () => {
  expect(gatewayService('operators').spec?.['selector']).toEqual({
    'app.kubernetes.io/name': 'weka-operator',
    'weka.io/leader': 'true',
  });
});

test('a certificate names each host once, ours first', () => {
  expect(gatewayNames('a', ['gateway.example', 'localhost'])).toEqual([
    'weka-operator-gateway',
    'weka-operator-gateway.a',
    'weka-operator-gateway.a.svc',
    'weka-operator-gateway.a.svc.cluster.local',
    'localhost',
    '127.0.0.1',
    'gateway.example',
  ]);
});
