import { DEFAULT_LABEL_KEYS, factLabels, matchesSelector, nodeFacts } from '../../lib/nodes/node-facts';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', uid: 'u1', labels: { a: 'b' } },
  spec: { unschedulable: true },
  status: {
    nodeInfo: { kernelVersion: '6.1.0-18-amd64', architecture: 'amd64', osImage: 'Debian', bootID: 'boot-1' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
};

describe('nodeFacts', () => {
  it('reads what drivers depend on', () => {
    expect(nodeFacts(node)).toEqual({
      name: 'n1',
      uid: 'u1',
      labels: { a: 'b' },
      kernel: '6.1.0-18-amd64',
      architecture: 'amd64',
      osImage: 'Debian',
      bootID: 'boot-1',
      ready: true,
      unschedulable: true,
    });
  });

  it('takes a node that has only just registered', () => {
    expect(nodeFacts({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n2' } })).toMatchObject({
      kernel: '',
      ready: false,
      labels: {},
    });
  });
});

describe('factLabels', () => {
  it('publishes kernel and architecture under every set of keys asked for', () => {
    const keys = [DEFAULT_LABEL_KEYS, { kernel: 'custom.io/kernel', architecture: 'custom.io/arch' }];
    expect(factLabels(nodeFacts(node), keys)).toEqual({
      'weka.io/kernel': '6.1.0-18-amd64',
      'weka.io/architecture': 'amd64',
      'custom.io/kernel': '6.1.0-18-amd64',
      'custom.io/arch': 'amd64',
    });
  });

  it('says nothing about a node that has said nothing', () => {
    expect(factLabels({ ...nodeFacts(node), kernel: '', architecture: '' }, [DEFAULT_LABEL_KEYS])).toEqual({});
  });
});

test.each([
  [{ a: '1', b: '2' }, { a: '1' }, true],
  [{ a: '1' }, { a: '1', b: '2' }, false],
  [{ a: '1' }, {}, true],
  [{ a: '1' }, { a: '2' }, false],
])('labels %j match selector %j: %s', (labels, selector, expected) =>
  expect(matchesSelector(labels as never, selector as never)).toBe(expected),
);
