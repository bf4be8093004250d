package manifest

// Account is Stats without the count of documents, which would cost another
// reading of the input.
func (p *Plan) Account() Stats {
	s := p.stats
	s.Documents, s.Empty = 0, 0
	return s
}
