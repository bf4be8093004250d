package manifest

import "fmt"

// SyntaxError is broken YAML or JSON in a document that had to be read
// because it may hold an object that was asked for.
type SyntaxError struct {
	Pos Pos
	Msg string
}

func (e *SyntaxError) Error() string { return at(e.Pos, "invalid document: "+e.Msg) }

// EditError says that an object can't be replaced where it stands without
// damage to its neighbours, such as an anchor that others use.
type EditError struct {
	Pos Pos
	Ref Ref
	Msg string
}

func (e *EditError) Error() string {
	s := "replace in place: " + e.Msg
	if r := e.Ref.String(); r != "" {
		s = r + ": " + s
	}
	return at(e.Pos, s)
}

// TooLargeError says that a stream is longer than Transformer.MaxInput.
type TooLargeError struct {
	Name  string
	Limit int64 // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s: input is larger than %d bytes", e.Name, e.Limit)
}

// EncodingError says that a stream isn't UTF-8.
type EncodingError struct {
	Name     string
	Encoding string // "UTF-16" or "UTF-32"
}

func (e *EncodingError) Error() string {
	return fmt.Sprintf("%s: input is %s: convert it to UTF-8", e.Name, e.Encoding)
}

// ChangedError says that a file changed between the two passes over it, so
// that what would be written is neither the old file nor the new one.
type ChangedError struct{ Name string }

func (e *ChangedError) Error() string { return e.Name + ": file changed while being read" }

func at(p Pos, msg string) string {
	if s := p.String(); s != "" {
		return s + ": " + msg
	}
	return msg
}
