package config_test

import (
	"fmt"

	"kesbridge/internal/config"
)

func Example() {
	c, err := config.Parse("kesbridge.yaml", []byte(`
defaults: {refreshInterval: 15m}
clusters:
  prod: {esoVersion: "0.20"}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := c.For("prod")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.RefreshInterval, s.EsoVersion, s.OnUnsupported)

	_, err = config.Parse("kesbridge.yaml", []byte("defaults:\n  refreshIntervall: 15m\n"))
	fmt.Println(err)
	// Output:
	// 15m0s 0.20 fail
	// kesbridge.yaml:2:3: defaults.refreshIntervall: unknown key: did you mean "refreshInterval"?
}
