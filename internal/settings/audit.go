package settings

import (
	"errors"
	"time"
)

// Audit says for how long it is kept who changed what. docs/audit.md tells more.
type Audit struct {
	AuditRetentionDays int `default:"0" env:"BAROGRAPH_AUDIT_RETENTION_DAYS" placeholder:"N" help:"For how many days it is kept who changed what. 0 is for ever."`
}

// AuditRetention returns for how long events are kept, 0 for ever.
func (s *Audit) AuditRetention() time.Duration {
	return time.Duration(s.AuditRetentionDays) * 24 * time.Hour
}

// validate returns why the settings cannot be in force.
func (s *Audit) validate() error {
	if s.AuditRetentionDays < 0 || s.AuditRetentionDays > 36500 {
		return errors.New("--audit-retention-days must be from 0 to 36500")
	}
	return nil
}
