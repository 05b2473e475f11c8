package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// A table aligns its columns, which tabs separate, once it ends.
type table struct{ lines *tabwriter.Writer }

func newTable(b *strings.Builder) table { return table{tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)} }

// Writing into memory cannot fail.
func (t table) row(format string, cells ...any) { _, _ = fmt.Fprintf(t.lines, format+"\n", cells...) }
func (t table) end()                            { _ = t.lines.Flush() }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
