package lodash_test

import (
	"fmt"

	"kesbridge/internal/lodash"
)

func ExamplePath() {
	fmt.Printf("%q\n", lodash.Path(`hosts[0]["tls.crt"]`))
	fmt.Printf("%q\n", lodash.Path(".dockerconfigjson"))
	// Output:
	// ["hosts" "0" "tls.crt"]
	// ["" "dockerconfigjson"]
}

func ExampleScan() {
	text := `user=<%= data.user %> home=${HOME} <% unpaired`
	for _, e := range lodash.Scan(text) {
		fmt.Printf("%s %q in %q\n", e.Kind, e.Code, text[e.Start:e.End])
	}
	// Output:
	// <%= %> " data.user " in "<%= data.user %>"
	// ${ } "HOME" in "${HOME}"
}

func ExampleTranslate() {
	tr, _ := lodash.Translate(`{"user":"<%= data.user.trim() %>"}`, lodash.Target{})
	fmt.Println(tr.Text)
	_, err := lodash.Translate("export A=${HOME}", lodash.Target{})
	fmt.Println(err)
	// Output:
	// {"user":"{{ trim .user }}"}
	// HOME: KES itself fails on it: HOME is not defined
}
