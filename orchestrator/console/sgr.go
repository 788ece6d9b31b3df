package console

// sgr is what a line's colour codes (SGR: select graphic rendition, ECMA-48
// 8.3.117 and what terminals have added) have switched on so far. It is kept so
// that a line's colours end with it and go on in the next one.
type sgr struct {
	attrs      uint16 // bit n: attribute n of 1 to 9 is on; see also doubled
	fg, bg, ul color
	other      bool // something else is on: it ends with its line
	on         bool // any of these
}

const doubled = 1 << 10 // underlined twice: attribute 21

// color is the parameters of a colour, such as "31" or "38;5;208".
type color struct {
	n    uint8
	text [23]byte // "38;2;255;255;255", or the longer form with colons
}

func (c *color) set(text []byte) {
	c.n = 0
	if len(text) <= len(c.text) {
		c.n = uint8(copy(c.text[:], text))
	}
}

// endLine forgets what does not go on in the next line.
func (s *sgr) endLine() {
	s.other = false
	s.note()
}

func (s *sgr) note() { s.on = s.attrs != 0 || s.fg.n > 0 || s.bg.n > 0 || s.ul.n > 0 || s.other }

// appendTo writes the codes that switch on what is on.
func (s *sgr) appendTo(dst []byte) []byte {
	for i := uint16(1); i <= 9; i++ {
		if s.attrs&(1<<i) != 0 {
			dst = append(dst, 0x1b, '[', '0'+byte(i), 'm')
		}
	}
	if s.attrs&doubled != 0 {
		dst = append(dst, "\x1b[21m"...)
	}
	for _, c := range []*color{&s.fg, &s.bg, &s.ul} {
		if c.n > 0 {
			dst = append(dst, "\x1b["...)
			dst = append(dst, c.text[:c.n]...)
			dst = append(dst, 'm')
		}
	}
	return dst
}

// apply follows the parameters of one code.
func (s *sgr) apply(params []byte) {
	for i := 0; i <= len(params); {
		end := i
		for end < len(params) && params[end] != ';' {
			end++
		}
		next := end + 1
		n, sub := number(params[i:end])
		switch {
		case n == 38 || n == 48 || n == 58:
			if !sub { // 38;5;N or 38;2;R;G;B
				next = extended(params, next)
			}
			to := params[i:min(next-1, len(params))]
			switch n {
			case 38:
				s.fg.set(to)
			case 48:
				s.bg.set(to)
			default:
				s.ul.set(to)
			}
		case n == 0:
			*s = sgr{}
		case n <= 9:
			s.attrs |= 1 << n
		case n == 21:
			s.attrs |= doubled
		case n == 22:
			s.attrs &^= 1<<1 | 1<<2
		case n == 24:
			s.attrs &^= 1<<4 | doubled
		case n == 25:
			s.attrs &^= 1<<5 | 1<<6
		case n >= 23 && n <= 29:
			s.attrs &^= 1 << (n - 20)
		case n >= 30 && n <= 37, n >= 90 && n <= 97:
			s.fg.set(params[i:end])
		case n == 39:
			s.fg.n = 0
		case n >= 40 && n <= 47, n >= 100 && n <= 107:
			s.bg.set(params[i:end])
		case n == 49:
			s.bg.n = 0
		case n == 59:
			s.ul.n = 0
		default:
			s.other = true
		}
		i = next
	}
	s.note()
}

// number reads one parameter; sub says that more belongs to it (4:3, 38:2::R:G:B).
func number(p []byte) (n int, sub bool) {
	for _, c := range p {
		if c == ':' {
			return n, true
		}
		if n = n*10 + int(c-'0'); n > 999 {
			return 999, false
		}
	}
	return n, false
}

// extended is where the parameter after a colour's own ones begins.
func extended(params []byte, i int) int {
	field := func() []byte {
		start := min(i, len(params))
		for i = start; i < len(params) && params[i] != ';'; i++ {
		}
		f := params[start:i]
		i++
		return f
	}
	count := 0
	switch kind, _ := number(field()); kind {
	case 5:
		count = 1
	case 2:
		count = 3
	}
	for range count {
		field()
	}
	return i
}
