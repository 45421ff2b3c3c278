/**
 * What a request is answered with; handlers return it, and `AnswerAdapter` sends it. Forwarded answers are the owner's
 * bytes as they came. A class with a private member, so that the compiler tells it from a plain value, which a handler
 * may return as JSON.
 */
export class Answer {
  readonly #isAnswer = true

  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    readonly body?: string | Buffer,
  ) {}

  static is(value: unknown): value is Answer {
    return typeof value === 'object' && value !== null && #isAnswer in value
  }

  /** The same with more headers; of two with one name the new one stays. */
  with(headers: Readonly<Record<string, string>>): Answer {
    return new Answer(this.status, { ...this.headers, ...headers }, this.body)
  }
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** JSON text that is already written. */
export const json = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  new Answer(status, { 'content-type': JSON_TYPE, ...headers }, body)

/** 204. */
export const noContent = (headers: Readonly<Record<string, string>> = {}): Answer => new Answer(204, headers)
