package tlsconfig

// Glance is what Run does again and again.
func (s *Server) Glance() { s.look(false) }
