package argocd

func (obj *object) applicationSet(c *Checkout, o Options) ([]Application, error) {
	return nil, &GeneratorError{Generator: "all"}
}
