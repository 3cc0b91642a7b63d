import { answerLength, RecordMeter } from '../../bench/answer-meter';

/** A record of TLS 1.3 with that much content. */
const record = (content: number): Buffer => {
  const bytes = Buffer.alloc(5 + content + 17, 0x17);
  bytes.writeUInt16BE(content + 17, 3);
  return bytes;
};

describe('the content of records that are not decrypted', () => {
  const records = Buffer.concat([record(16_384), record(1), record(300)]);

  test.each([1, 2, 3, 5, 7, 1000, 16_406, records.length])('is counted in pieces of %d bytes', (size) => {
    const meter = new RecordMeter();
    let content = 0;
    for (let at = 0; at < records.length; at += size) {
      const piece = records.subarray(at, at + size);
      content += meter.count(piece, piece.length);
    }
    expect(content).toBe(16_685);
    expect(meter.atEnd).toBe(true);
  });

  test('is at its end only when the last record has come whole', () => {
    const meter = new RecordMeter();
    expect(meter.atEnd).toBe(true);
    expect(meter.count(records, 3)).toBe(0);
    expect(meter.atEnd).toBe(false);
    expect(meter.count(records.subarray(3), 2)).toBe(16_384);
    expect(meter.atEnd).toBe(false);
    meter.count(records.subarray(5), 16_384 + 17);
    expect(meter.atEnd).toBe(true);
  });
});

describe('how long an answer will be', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 20\r\n\r\n';

  test('is known once its head is there', () => {
    expect(answerLength(head)).toBe(head.length + 20);
    expect(answerLength(head.toLowerCase().replace('http', 'HTTP'))).toBe(head.length + 20);
  });

  test.each([0, 1, 30, head.length - 1])('is not known after %d bytes of it', (length) => {
    expect(answerLength(head.slice(0, length))).toBeUndefined();
  });

  test.each([
    ['is not a success', 'HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n'],
    ['does not say it', 'HTTP/1.1 200 OK\r\n\r\nContent-Length: 20\r\n'],
  ])('is an error where the answer %s', (_, text) => {
    expect(() => answerLength(text)).toThrow(/^answered HTTP/);
  });
});
