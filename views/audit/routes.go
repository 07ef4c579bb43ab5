package audit

import (
	"github.com/millrace/millrace/views/serve"
)

// Routes are who changed what.
type Routes struct {
	*serve.Kit
	// Index is fed with the audit.
	Index *Index
	Log   AuditLog
}
