package pipeline

import (
	"fmt"

	"kesbridge/internal/manifest"
)

// AccountError says that the stream and the visitor disagree about what
// became of its objects: a defect of kesbridge, never of the input.
type AccountError struct{ Want, Got [6]int }

func (e *AccountError) Error() string {
	return fmt.Sprintf("not every object is accounted for (visited, replaced, accompanied, edited, dropped, untouched: decided %v, planned %v): this is a defect of kesbridge, please report it", e.Want, e.Got)
}

func (v *visitor) account(s manifest.Stats) error {
	want := [6]int{v.seen, v.replaced, v.accompanied, v.edited, v.dropped, v.untouched}
	got := [6]int{s.Objects, s.Replaced, s.Accompanied, s.Edited, s.Dropped, s.Untouched}
	if want != got {
		return &AccountError{Want: want, Got: got}
	}
	return nil
}
