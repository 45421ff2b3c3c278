import { type AgentId, parseTime, type Report, type State } from '@quorate/contracts'
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import { Transform } from 'class-transformer'
import { IsOptional } from 'class-validator'
import { IsCount, IsEvidence, IsPointInTime, IsSession, IsState, IsTtl, LEAST_TTL } from './rules'
import { ANY_JSON, TIME_SCHEMA } from './schemas'

/** Body of a report by HTTP: the record's value (vote.md 2) without the agent, which the path names. null = absent. */
export class ReportBody {
  @ApiProperty({
    type: 'string',
    pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
    example: 'up',
    description: '`unknown` is an abstention.',
  })
  @IsState()
  state!: State

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description: 'Rises with each report of a session; a report that does not is a duplicate.',
  })
  @IsOptional()
  @IsCount(0)
  seq?: number | null

  @ApiPropertyOptional({
    type: 'string',
    description: 'New whenever the agent restarts its counter; at most 256 bytes.',
  })
  @IsOptional()
  @IsSession()
  session?: string | null

  @ApiPropertyOptional({
    type: 'integer',
    minimum: LEAST_TTL,
    description:
      'Milliseconds that the report lasts, at least 1000; never longer than the `ttl` of the policy (in seconds). `explanation` shows what is in force.',
  })
  @IsOptional()
  @IsTtl()
  ttl?: number | null

  @ApiPropertyOptional({
    ...TIME_SCHEMA,
    description: "When it was observed, by the agent's clock; it can only shorten the report's life.",
  })
  @IsOptional()
  @IsPointInTime()
  observedAt?: number | string | null

  @ApiPropertyOptional({ ...ANY_JSON, description: 'Any JSON up to 64 KiB.' })
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
