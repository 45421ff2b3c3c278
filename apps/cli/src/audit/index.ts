export { runNotifierAudit } from './notifier-audit'
export { AUDIT_EXIT, runAudit, type AuditOptions } from './audit'
