import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'

/**
 * For controllers that handle batches (`@UseFilters(PropagateErrors)`). Without it Nest's exception layer turns an
 * error of the handler into `{status: 'error', message: 'Internal server error'}`, and streams would never learn why a
 * batch was not applied.
 */
@Catch()
export class PropagateErrors implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): never {
    throw error
  }
}
