import { DataError } from "@lab/core";

/** What the pickle of a tensor says. */
export interface TensorDescription {
  storage: { type: string; key: string };
  /** First value in the storage. */
  offset: number;
  shape: number[];
  stride: number[];
}

const MARK = Symbol("mark");
const REBUILD = "torch._utils _rebuild_tensor_v2";

/**
 * Reads the pickle of one tensor. It knows the opcodes that `torch.save` uses for a tensor and no others, and calls
 * nothing: the name of the function that would rebuild the tensor is compared, its arguments are taken.
 */
export class Unpickler {
  private readonly bytes: Uint8Array;
  private readonly path: string;
  private readonly base: number;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array, path: string, base: number) {
    this.bytes = bytes;
    this.path = path;
    this.base = base;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  tensor(): TensorDescription {
    let args: unknown;
    try {
      args = this.run();
    } catch (error) {
      if (error instanceof RangeError) this.fail("ends early");
      throw error;
    }
    const [storage, offset, shape, stride] = (Array.isArray(args) ? args : []) as unknown[];
    const isNumbers = (value: unknown): value is number[] =>
      Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 0);
    if (
      !Array.isArray(storage) ||
      storage[0] !== "storage" ||
      !Number.isInteger(offset) ||
      !isNumbers(shape) ||
      !isNumbers(stride)
    ) {
      return this.fail("does not describe a tensor");
    }
    const type = String(storage[1]).split(" ")[1] ?? "";
    return { storage: { type, key: String(storage[2]) }, offset: offset as number, shape, stride };
  }

  private run(): unknown {
    const stack: unknown[] = [];
    const memo = new Map<number, unknown>();
    const toMark = () => {
      const from = stack.lastIndexOf(MARK);
      if (from < 0) this.fail("has no mark");
      return stack.splice(from).slice(1);
    };
    for (;;) {
      const opcode = String.fromCharCode(this.byte());
      switch (opcode) {
        case "\x80": // protocol
          this.byte();
          break;
        case "c": // global, by name only
          stack.push(`${this.line()} ${this.line()}`);
          break;
        case "q":
          memo.set(this.byte(), stack.at(-1));
          break;
        case "r":
          memo.set(this.uint32(), stack.at(-1));
          break;
        case "h":
          stack.push(memo.get(this.byte()));
          break;
        case "j":
          stack.push(memo.get(this.uint32()));
          break;
        case "X":
          stack.push(this.text(this.uint32()));
          break;
        case "K":
          stack.push(this.byte());
          break;
        case "M":
          stack.push(this.byte() + 256 * this.byte());
          break;
        case "J":
          stack.push(this.uint32() | 0);
          break;
        case "\x8a": {
          // long of one byte of length
          let value = 0;
          const length = this.byte();
          for (let i = 0; i < length; i++) value += this.byte() * 256 ** i;
          stack.push(value);
          break;
        }
        case "\x88":
          stack.push(true);
          break;
        case "\x89":
          stack.push(false);
          break;
        case "N":
          stack.push(null);
          break;
        case "(":
          stack.push(MARK);
          break;
        case ")":
          stack.push([]);
          break;
        case "}":
          stack.push({});
          break;
        case "t":
          stack.push(toMark());
          break;
        case "\x85":
          stack.push(stack.splice(-1));
          break;
        case "\x86":
          stack.push(stack.splice(-2));
          break;
        case "\x87":
          stack.push(stack.splice(-3));
          break;
        case "Q": // a storage: ("storage", type, key, device, count)
          break;
        case "R": {
          const args = stack.pop();
          const callee = stack.pop();
          if (callee === REBUILD) stack.push(args);
          else if (callee === "collections OrderedDict") stack.push({});
          else this.fail(`calls ${String(callee)}`);
          break;
        }
        case ".":
          return stack.pop();
        default:
          this.fail(`holds opcode 0x${opcode.charCodeAt(0).toString(16)}`);
      }
    }
  }

  private byte(): number {
    return this.view.getUint8(this.at++);
  }

  private uint32(): number {
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  private text(length: number): string {
    if (this.at + length > this.bytes.length) throw new RangeError("text");
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw new RangeError("line");
    const text = this.text(end - this.at);
    this.at += 1;
    return text;
  }

  private fail(what: string): never {
    const offset = this.base + this.at;
    throw new DataError(
      `readTorchTensor: the pickle of ${this.path} ${what} (byte ${offset}); a tensor written by torch.save was expected`,
      {
        path: this.path,
        offset,
      },
    );
  }
}
