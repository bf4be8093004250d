package release

import (
	"context"
	"errors"
	"strconv"
	"strings"

	akeylessgo "github.com/akeylesslabs/akeyless-go/v3"

	"kesbridge/conformance/eso"
)

// akeylessAPI is Akeyless; its items are static.
type akeylessAPI struct{ in *eso.Input }

func (a akeylessAPI) GetSecretByType(_ context.Context, name string, version int32) (string, error) {
	b, err := a.in.Find(name, strings.TrimPrefix(strconv.Itoa(int(version)), "0"))
	return string(b), err
}

func (akeylessAPI) TokenFromSecretRef(context.Context) (string, error) { return "token", nil }

func (akeylessAPI) ListSecrets(context.Context, string, string) ([]string, error) {
	return nil, errors.New("no list")
}

func (akeylessAPI) DescribeItem(context.Context, string) (*akeylessgo.Item, error) {
	return nil, errors.New("read only")
}
func (akeylessAPI) CreateSecret(context.Context, string, string) error {
	return errors.New("read only")
}
func (akeylessAPI) UpdateSecret(context.Context, string, string) error {
	return errors.New("read only")
}
func (akeylessAPI) DeleteSecret(context.Context, string) error { return errors.New("read only") }
