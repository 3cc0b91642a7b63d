import * as fc from 'fast-check';
import { childName, labelValue } from '../../lib/base/safe-names';

describe('labelValue', () => {
  test.each([
    ['a kernel release that is a label value stays as it is', '6.1.0-18-amd64', '6.1.0-18-amd64'],
    ['an empty text is a label value', '', ''],
  ])('%s', (_sentence, text, expected) => expect(labelValue(text)).toBe(expected));

  it('keeps texts apart that become equal without their foreign characters', () => {
    expect(labelValue('x86_64+rt')).not.toBe(labelValue('x86_64 rt'));
    expect(labelValue('x86_64+rt')).not.toBe('x86_64_rt');
  });

  it('always gives a label value, and different ones for different texts', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 90 }), fc.string({ maxLength: 90 }), (a, b) => {
        expect(labelValue(a)).toMatch(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/);
        if (a !== b) expect(labelValue(a)).not.toBe(labelValue(b));
      }),
    );
  });
});

describe('childName', () => {
  it('joins the parts it is given', () => expect(childName('drivers', 'dist')).toBe('drivers-dist'));

  it('leaves empty parts out', () => expect(childName('drivers', '', 'dist')).toBe('drivers-dist'));

  it('keeps versions apart that differ only in a dot', () => {
    expect(childName('p', 'builder', '4.4.5')).not.toBe(childName('p', 'builder', '4-4-5'));
    expect(childName('p', 'builder', '4.4.5')).toMatch(/^p-builder-4-4-5-[0-9a-f]{8}$/);
  });

  it('always gives a DNS label', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }), (parts) => {
        expect(childName(...parts)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      }),
    );
  });
});
