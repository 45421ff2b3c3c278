import { type AgentId, parseTime, type Report, type State } from '@quorate/contracts'
import { Transform } from 'class-transformer'
import { IsOptional } from 'class-validator'
import { IsCount } from '@quorate/http'
import { IsEvidence, IsPointInTime, IsSession, IsState, IsTtl } from './rules'

/** Body of a report by HTTP: the record's value (vote.md 2) without the agent, which the path names. null = absent. */
export class ReportBody {
  @IsState()
  state!: State

  @IsOptional()
  @IsCount(0)
  seq?: number | null

  @IsOptional()
  @IsSession()
  session?: string | null

  @IsOptional()
  @IsTtl()
  ttl?: number | null

  @IsOptional()
  @IsPointInTime()
  observedAt?: number | string | null

  @IsOptional()
  @IsEvidence()
  // As it came: class-transformer would leave out members named as methods of objects are, such as `valueOf`.
  @Transform(({ obj }: { obj: { evidence?: unknown } }) => obj.evidence)
  evidence?: unknown
}

export function reportOf(agent: AgentId, body: ReportBody): Report {
  return {
    agent,
    state: body.state,
    ...(absent(body.seq) ? {} : { seq: body.seq }),
    ...(absent(body.session) ? {} : { session: body.session }),
    ...(absent(body.ttl) ? {} : { ttl: body.ttl }),
    ...(absent(body.observedAt) ? {} : { observedAt: parseTime(body.observedAt)! }),
    ...(absent(body.evidence) ? {} : { evidence: body.evidence }),
  }
}

const absent = (value: unknown): value is null | undefined => value === null || value === undefined
