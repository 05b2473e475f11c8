package shared

// Up reports whether Redis is worth asking.
func (c *Cache) Up() bool { return c.link.Up() }
