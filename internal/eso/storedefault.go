package eso

// StoreDefault returns the default that the API server writes into a store
// where a field is left out ("spec.provider.vault.version"), as text; "" where
// a release of the profile writes none or doesn't know the field. Defaults of
// the providers that KES has a backend for are known, and of Vault's auth
// only those of auth.kubernetes.
func (p Profile) StoreDefault(path string) string {
	s, lo, hi := p.span()
	if f, ok := find(s.stores, path); ok && f.covers(lo, hi) {
		return f.value
	}
	return ""
}

// Span are the oldest and the newest release that the profile stands for, as
// "X.Y.Z".
func (p Profile) Span() (oldest, newest string) {
	_, lo, hi := p.span()
	return lo.text(), hi.text()
}
