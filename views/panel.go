package views

func (s *Server) panel() {
	s.transactions()
	s.letters()
	s.interventions()
	s.definitions()
	s.missions()
	s.simulator()
	s.audit()
}
