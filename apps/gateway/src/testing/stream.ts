import { SseSplitter } from '@mcp-runtime/mcp';

/** An event stream read one event at a time. */
export interface EventStream {
  /** Data of the next event; `comment` texts are skipped. Undefined at the end. */
  next(): Promise<string | undefined>;
  /** Everything that comes until the end, as it is. */
  rest(): Promise<string>;
  close(): Promise<void>;
}

export function readEvents(response: Response): EventStream {
  const reader = response.body?.getReader();
  const splitter = new SseSplitter(1024 * 1024);
  const data: string[] = [];
  return {
    next: async () => {
      while (data.length === 0) {
        const part = await reader?.read();
        if (part === undefined || part.done) return undefined;
        data.push(
          ...splitter.push(Buffer.from(part.value)).flatMap((event) => (event.data === '' ? [] : [event.data])),
        );
      }
      return data.shift();
    },
    rest: async () => {
      let text = '';
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
        text += Buffer.from(part.value).toString('utf8');
      }
      return text;
    },
    close: async () => reader?.cancel(),
  };
}
