package manifest

// span is a range of a text.
type span struct{ start, end int }

// flowSpans gives the items of the flow collection that opens at i, and where
// it ends. It knows just enough of YAML to tell brackets and commas from
// text: quotes count at the start of a token, comments after a blank.
func flowSpans(b []byte, i int) (items []span, end int, ok bool) {
	if i >= len(b) || b[i] != '[' && b[i] != '{' {
		return nil, 0, false
	}
	depth := 1
	item := span{-1, -1}
	flush := func() {
		if item.start >= 0 {
			items = append(items, item)
		}
		item = span{-1, -1}
	}
	blank := false // the byte before was a blank or a line break
	for i++; i < len(b); {
		c := b[i]
		if n := lineBreak(b[i:]); n > 0 || c == ' ' || c == '\t' {
			i += max(n, 1)
			blank = true
			continue
		}
		if c == '#' && blank {
			for i < len(b) && lineBreak(b[i:]) == 0 {
				i++
			}
			continue
		}
		blank = false
		start := i
		switch c {
		case ',':
			i++
			if depth == 1 {
				flush()
				continue
			}
		case ']', '}':
			i++
			if depth--; depth == 0 {
				flush()
				return items, i, true
			}
		case '[', '{':
			i++
			depth++
		default:
			i = flowToken(b, i)
		}
		if item.start < 0 {
			item.start = start
		}
		item.end = i
	}
	return nil, 0, false
}

// flowToken gives the end of the token at i, which is no bracket or comma.
func flowToken(b []byte, i int) int {
	switch b[i] {
	case '"', '\'':
		return quoteEnd(b, i)
	case '&', '*':
		return nameEnd(b, i+1)
	case '!':
		return tagEnd(b, i)
	case ':', '?':
		return i + 1
	}
	return plainEnd(b, i)
}

// quoteEnd gives the end of the quoted scalar at i.
func quoteEnd(b []byte, i int) int {
	q := b[i]
	for i++; i < len(b); i++ {
		switch {
		case b[i] == '\\' && q == '"':
			i++
		case b[i] == q && q == '\'' && i+1 < len(b) && b[i+1] == q:
			i++
		case b[i] == q:
			return i + 1
		}
	}
	return len(b)
}

// nameEnd gives the end of an anchor's name.
func nameEnd(b []byte, i int) int {
	for i < len(b) && (b[i] == '-' || b[i] == '_' || '0' <= b[i] && b[i] <= '9' || 'a' <= b[i]|0x20 && b[i]|0x20 <= 'z') {
		i++
	}
	return i
}

// tagEnd gives the end of a tag.
func tagEnd(b []byte, i int) int {
	for i < len(b) && !blankAt(b, i) && b[i] != '{' && b[i] != '}' {
		if b[i] == '>' {
			return i + 1
		}
		i++
	}
	return i
}

// plainEnd gives the end of the plain scalar at start in flow context; it may
// go on over blanks and line breaks.
func plainEnd(b []byte, start int) int {
	end := start + 1
	for i := end; i < len(b); {
		for i < len(b) && !blankAt(b, i) && !flowEnds(b, i) {
			i++
		}
		end = max(end, i)
		next := i
		for next < len(b) && blankAt(b, next) {
			next += max(1, lineBreak(b[next:]))
		}
		if next == i || next == len(b) || b[next] == '#' || flowEnds(b, next) {
			break
		}
		i = next
	}
	return end
}

func flowEnds(b []byte, i int) bool {
	switch b[i] {
	case ',', '[', ']', '{', '}', '?':
		return true
	case ':':
		return i+1 == len(b) || blankAt(b, i+1)
	}
	return false
}

func blankAt(b []byte, i int) bool {
	return b[i] == ' ' || b[i] == '\t' || lineBreak(b[i:]) > 0
}
