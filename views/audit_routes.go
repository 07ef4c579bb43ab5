package views

// auditRoutes are who changed what.
type auditRoutes struct {
	*kit
	// index is fed with the audit.
	index *auditIndex
	log   AuditLog
}
