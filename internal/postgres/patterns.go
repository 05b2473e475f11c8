package postgres

import "fmt"

// Covered returns the condition that a column of patterns has none that is not
// matched by the patterns of an argument, such as $2. A column that is null stands
// for everything, which no patterns cover. To a pattern that covers another, the
// other's star is a character like others.
func Covered(column, argument string) string {
	return fmt.Sprintf(`%[1]s is not null and not exists (select from unnest(%[1]s) as one where not one like any(%[2]s))`, column, argument)
}
