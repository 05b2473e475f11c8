package audit

// PageQuery returns the query of a page and its arguments.
func PageQuery(f Filter, r Range) (query string, args []any) {
	query, args, _ = f.page(r)
	return query, args
}
