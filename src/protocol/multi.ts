/** The framing of multi and multiRead: a header in front of each operation or result, closed by a header with `done` set.
 *  Source: MultiOperationRecord, MultiResponse (3.9). */
import { type Infer, type RecordSchema, record, type SequenceItem, type SequenceSchema } from "../jute/kinds.ts";
import {
  CheckVersionRequest,
  Create2Response,
  CreateRequest,
  CreateResponse,
  CreateTTLRequest,
  DeleteRequest,
  Empty,
  ErrorResponse,
  errorCode,
  flag,
  GetChildrenRequest,
  GetChildrenResponse,
  GetDataRequest,
  GetDataResponse,
  opcode,
  SetDataRequest,
  SetDataResponse,
} from "./records.ts";

export const MultiHeader = record("MultiHeader", { type: opcode, done: flag, err: errorCode });
export type MultiHeader = Infer<typeof MultiHeader>;

const end = { type: -1, done: true, err: -1 } as const;

const requests: Readonly<Record<number, RecordSchema>> = {
  1: CreateRequest,
  2: DeleteRequest,
  4: GetDataRequest,
  5: SetDataRequest,
  8: GetChildrenRequest,
  13: CheckVersionRequest,
  15: CreateRequest,
  19: CreateRequest,
  21: CreateTTLRequest,
};

const results: Readonly<Record<number, RecordSchema>> = {
  [-1]: ErrorResponse,
  1: CreateResponse,
  2: Empty,
  4: GetDataResponse,
  5: SetDataResponse,
  8: GetChildrenResponse,
  13: Empty,
  15: Create2Response,
};

const sequence = (name: string, bodies: Readonly<Record<number, RecordSchema>>): SequenceSchema => ({
  is: "sequence",
  name,
  header: MultiHeader,
  end,
  endsAt: (header) => header.done === true,
  bodyOf: (header) => bodies[header.type as number],
});

/** The operations of a multi or multiRead. Whether an operation may stand there is the server's to judge; an unknown type is malformed. */
export const MultiRequest = sequence("MultiRequest", requests);
/** Their results: type −1 with an ErrorResponse for each result of a failed multi. */
export const MultiResponse = sequence("MultiResponse", results);

/** One operation of a request, ready for encoding. */
export const multiOp = (type: number, body: Record<string, unknown>): SequenceItem => ({
  header: { type, done: false, err: -1 },
  body,
});
