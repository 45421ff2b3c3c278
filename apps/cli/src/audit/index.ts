export { AUDIT_EXIT, runAudit, type AuditOptions } from './audit'
