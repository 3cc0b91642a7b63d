/** What the server checks inside objects of built-in kinds beside their schema, as far as operators and users meet it. */
import type { StatusCause } from '../../../controllers/kube/api-error';
import type { JsonObject, JsonValue } from '../../../lib/base/json';
import { isJsonObject } from '../../../lib/base/json';
import { LABEL_RULE, withinLength } from '../names';
import { textOf } from '../../text';

const cause = (field: string, reason: string, message: string): StatusCause => ({ field, reason, message });
const required = (field: string): StatusCause => cause(field, 'FieldValueRequired', 'Required value');
const invalidValue = (field: string, value: JsonValue | undefined, why: string): StatusCause =>
  cause(field, 'FieldValueInvalid', `Invalid value: ${JSON.stringify(value)}: ${why}`);
const listOf = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const specOf = (object: JsonObject): JsonObject => (isJsonObject(object.spec) ? object.spec : {});
const absent = (value: JsonValue | undefined): boolean => value === undefined || value === '';

// — ConfigMap and Secret ————————————————————————————————————————————————————————————————————————————————————————

const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;
const CONFIG_KEY_SAYS =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const SIZE_LIMIT = 1_048_576;

const dataCauses = (object: JsonObject): StatusCause[] => {
  const data = isJsonObject(object.data) ? object.data : {};
  const size = Object.values(data).reduce<number>((sum, value) => sum + textOf(value).length, 0);
  const keys = Object.keys(data).flatMap((key) => [
    ...withinLength(key, 253).map((why) => invalidValue(`data[${key}]`, key, why)),
    ...(CONFIG_KEY.test(key) ? [] : [invalidValue(`data[${key}]`, key, CONFIG_KEY_SAYS)]),
  ]);
  const large = cause('[]', 'FieldValueTooLong', `Too long: may not be more than ${SIZE_LIMIT} bytes`);
  return [...keys, ...(size > SIZE_LIMIT ? [large] : [])];
};

// — Pod —————————————————————————————————————————————————————————————————————————————————————————————————————————

const containerCauses = (container: JsonObject, path: string, volumes: readonly string[]): StatusCause[] => {
  const { name, image } = container;
  const called = textOf(name);
  const form = [...withinLength(called, 63), ...(LABEL_RULE.form.test(called) ? [] : [LABEL_RULE.says])];
  const mounts = listOf(container.volumeMounts).flatMap((mount, index) =>
    volumes.includes(textOf(mount.name))
      ? []
      : [
          cause(
            `${path}.volumeMounts[${index}].name`,
            'FieldValueNotFound',
            `Not found: ${JSON.stringify(mount.name)}`,
          ),
        ],
  );
  return [
    ...(absent(name) ? [required(`${path}.name`)] : form.map((why) => invalidValue(`${path}.name`, called, why))),
    ...(absent(image) ? [required(`${path}.image`)] : []),
    ...mounts,
  ];
};

const podCauses = (object: JsonObject): StatusCause[] => {
  const spec = specOf(object);
  const volumes = listOf(spec.volumes).map(({ name }) => textOf(name));
  const containers = listOf(spec.containers);
  const names = containers.map(({ name }) => textOf(name));
  const twice = names.flatMap((name, index) =>
    name !== '' && names.indexOf(name) < index
      ? [cause(`spec.containers[${index}].name`, 'FieldValueDuplicate', `Duplicate value: ${JSON.stringify(name)}`)]
      : [],
  );
  return [
    ...(containers.length === 0 ? [required('spec.containers')] : []),
    ...containers.flatMap((each, index) => containerCauses(each, `spec.containers[${index}]`, volumes)),
    ...twice,
  ];
};

// — Service —————————————————————————————————————————————————————————————————————————————————————————————————————

const portNumber = (value: JsonValue | undefined, path: string): StatusCause[] =>
  typeof value !== 'number' || (value >= 1 && value <= 65_535)
    ? []
    : [invalidValue(path, value, 'must be between 1 and 65535, inclusive')];

const portCauses = (port: JsonObject, path: string, many: boolean): StatusCause[] => [
  ...(many && absent(port.name) ? [required(`${path}.name`)] : []),
  ...portNumber(port.port, `${path}.port`),
  ...portNumber(port.targetPort, `${path}.targetPort`),
];

const repeated = (ports: readonly JsonObject[]): StatusCause[] => {
  const names = ports.map(({ name }) => textOf(name));
  const keys = ports.map(({ port, protocol }) => JSON.stringify({ port, protocol }));
  return ports.flatMap((_, index) => [
    ...(names[index] !== '' && names.indexOf(names[index] ?? '') < index
      ? [cause(`spec.ports[${index}].name`, 'FieldValueDuplicate', `Duplicate value: ${JSON.stringify(names[index])}`)]
      : []),
    ...(keys.indexOf(keys[index] ?? '') < index
      ? [cause(`spec.ports[${index}]`, 'FieldValueDuplicate', `Duplicate value: ${keys[index]}`)]
      : []),
  ]);
};

const serviceCauses = (object: JsonObject): StatusCause[] => {
  const spec = specOf(object);
  const ports = listOf(spec.ports);
  const needed = spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
  return [
    ...(needed && ports.length === 0 ? [required('spec.ports')] : []),
    ...ports.flatMap((port, index) => portCauses(port, `spec.ports[${index}]`, ports.length > 1)),
    ...repeated(ports),
  ];
};

// — Lease ———————————————————————————————————————————————————————————————————————————————————————————————————————

const leaseCauses = (object: JsonObject): StatusCause[] => {
  const { leaseDurationSeconds: seconds } = specOf(object);
  return typeof seconds === 'number' && seconds <= 0
    ? [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
    : [];
};

/** By `apiVersion/kind`: everything that is wrong inside an object. */
export const CONTENT_CHECKS: Readonly<Record<string, (object: JsonObject) => StatusCause[]>> = {
  'v1/ConfigMap': dataCauses,
  'v1/Pod': podCauses,
  'v1/Service': serviceCauses,
  'coordination.k8s.io/v1/Lease': leaseCauses,
};
