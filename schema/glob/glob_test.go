package glob

import (
	"errors"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"devloop/orchestrator/test/testenv"

	"github.com/bmatcuk/doublestar/v4"
)

func mustCompile(t testing.TB, dir, text string) *Pattern {
	t.Helper()
	p, err := Compile(dir, text)
	if err != nil {
		t.Fatalf("Compile(%q, %q): %v", dir, text, err)
	}
	return p
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		dir, pattern string
		yes, no      string // paths, separated by spaces
	}{
		{"/p", "src", "/p/src /p/src/a /p/src/a/b", "/p/srcs /p/sr /p /src /q/src"},
		{"/p", "src/", "/p/src/a /p/src", "/p/srcs/a"},
		{"/p", "./src/./a//b/", "/p/src/a/b /p/src/a/b/c", "/p/src/a"},
		{"/p", ".", "/p /p/a /p/a/b", "/q /pp"},
		{"/p", "Cargo.toml", "/p/Cargo.toml", "/p/Cargo_toml /p/x/Cargo.toml"},
		{"/p", ".trigger", "/p/.trigger", "/p/trigger"},
		{"/p", "*.rs", "/p/a.rs /p/.rs /p/.a.rs", "/p/a/b.rs /p/a.rs/b /p/a.rsx"},
		{"/p", "**/*.rs", "/p/a.rs /p/x/y/z/a.rs", "/a.rs /p/x/a.rs/b /p/a.go"},
		{"/p", "src/**", "/p/src/a /p/src/a/b /p/src", "/p/srcx/a"},
		{"/p", "src/**/", "/p/src/a /p/src/a/b /p/src", "/p/srcx/a"},
		{"/p", "src/*/", "/p/src/a/b /p/src/a/b/c /p/src/a", "/p/src /p/x/a"},
		{"/p", "src/**/test/*.rs", "/p/src/test/a.rs /p/src/x/y/test/a.rs /p/src/test/test/a.rs", "/p/src/test/x/a.rs"},
		{"/p", "**/a/**/b/**/c", "/p/a/b/c /p/x/a/x/b/x/c /p/a/a/b/b/c /p/a/c/b/a/b/c", "/p/a/c/b /p/b/a/c"},
		{"/p", "**/**/x", "/p/x /p/a/b/x", "/p/x/a"},
		{"/p", "{src,docs}/**/*.{md,txt}", "/p/src/a.md /p/docs/x/a.txt", "/p/src/a.rs /p/a.md"},
		{"/p", "{src,docs}", "/p/src/a /p/docs/b/c", "/p/x"},
		{"/p", "a{,b{c,d}}.go", "/p/a.go /p/abc.go /p/abd.go", "/p/ab.go"},
		{"/p", "{/etc,src}/*.conf", "/etc/a.conf /p/src/a.conf", "/p/etc/a.conf"},
		{"/p", "a?c", "/p/abc /p/aéc", "/p/a/c /p/ac /p/abbc"},
		{"/p", "a[^b]c", "/p/axc", "/p/abc /p/a/c"},
		{"/p", "a[!b]c", "/p/axc", "/p/abc /p/a/c"},
		{"/p", "[a-c]*x*.go", "/p/axy.go /p/bxx.go", "/p/dx.go /p/a.go"},
		{"/p", `a\*b`, "/p/a*b /p/a*b/c", "/p/axb"},
		{"/p", `*\[1\].go`, "/p/a[1].go", "/p/a1.go"},
		{"/p", `\!x`, "/p/!x", "/p/x"},
		{"/p", `[\]a]`, "/p/] /p/a", "/p/b"},
		{"/p", `[{,}]`, "/p/{ /p/, /p/}", "/p/a"},
		{"/p", "a,b", "/p/a,b", "/p/a"},
		{"/p", "app/(group)/@modal/page.tsx", "/p/app/(group)/@modal/page.tsx", "/p/app"},
		{"/p", "../proto/**", "/proto/a /proto/a/b", "/p/proto/a"},
		{"/a/p", "../proto/*.proto", "/a/proto/x.proto", "/a/p/proto/x.proto"},
		{"/p", "../../../x", "/x /x/y", "/p/x"},
		{"/p", "src/../docs", "/p/docs", "/p/src /p/src/docs"},
		{"/p", "/etc/hosts", "/etc/hosts", "/p/etc/hosts"},
		{"/p", "/**/*.go", "/a.go /x/y.go", "/x/y.rs"},
		{"/p", "/", "/ /a /a/b", ""},
		{"/", "src", "/src /src/a", "/a"},
		{"/", "*.go", "/a.go", "/a/b.go"},
		{"/p[1]/{x}", "*.go", "/p[1]/{x}/a.go", "/p1/x/a.go"},
		{"/p*", "src", "/p*/src/a", "/pp/src/a"},
		{"/p", "a b/c d", "/p/a b/c d", "/p/a"},
	} {
		p := mustCompile(t, tt.dir, tt.pattern)
		check := func(path string, want bool) {
			t.Helper()
			if got := p.Match(path); got != want {
				t.Errorf("%q in %q: Match(%q) = %v, want %v", tt.pattern, tt.dir, path, got, want)
			}
		}
		for _, path := range fields(tt.yes, tt.pattern) {
			check(path, true)
		}
		for _, path := range fields(tt.no, tt.pattern) {
			check(path, false)
		}
	}
}

// fields splits at spaces, unless the pattern has one.
func fields(s, pattern string) []string {
	if strings.Contains(pattern, " ") {
		return []string{s}
	}
	return strings.Fields(s)
}

func TestReaches(t *testing.T) {
	for _, tt := range []struct{ pattern, yes, no string }{
		{"src", "/ /p /p/src /p/src/a/b", "/q /p/srcs /pp"},
		{"src/*.rs", "/ /p /p/src /p/src/x.rs", "/p/src/x /p/docs /p/src/x.rs/y"},
		{"**/*.rs", "/ /p /p/a/b/c", "/q"},
		{"src/**/test/*.rs", "/p/src /p/src/a/b", "/p/docs /p/test"},
		{"*/gen/*.go", "/p /p/a /p/a/gen", "/p/a/b /p/a/gen/c"},
		{"{src,docs}/*.md", "/p /p/src /p/docs", "/p/x /p/src/a"},
		{"../proto/*", "/ /proto /proto/a", "/p /proto/a/b"},
		{".", "/ /p /p/a/b", "/q"},
		{"/", "/ /p /p/a", ""},
	} {
		p := mustCompile(t, "/p", tt.pattern)
		for _, dir := range strings.Fields(tt.yes) {
			if !p.Reaches(dir) {
				t.Errorf("%q: Reaches(%q) = false", tt.pattern, dir)
			}
		}
		for _, dir := range strings.Fields(tt.no) {
			if p.Reaches(dir) {
				t.Errorf("%q: Reaches(%q) = true", tt.pattern, dir)
			}
		}
	}
	if p := mustCompile(t, "/p", "src/*.rs"); !p.Reaches("/p/") || p.Reaches("/q/") {
		t.Error("a trailing slash changes the answer of Reaches")
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct{ pattern, yes, no string }{
		{"target", "/p/target /p/target/a/b", "/p/targets /p"},
		{"**/target", "/p/target /p/x/target /p/x/target/a/b", "/p/x/targets /p"},
		{"*.egg-info", "/p/a.egg-info/b /p/a.egg-info", "/p/x/a.egg-info"},
		{"*", "/p/a /p/a/b", "/q /p"},
		{"**/*.tmp", "/p/a.tmp /p/x/a.tmp /p/x.tmp/y/z", "/p/x"},
	} {
		p := mustCompile(t, "/p", tt.pattern)
		for _, path := range strings.Fields(tt.yes) {
			if !p.Covers(path) {
				t.Errorf("%q: Covers(%q) = false", tt.pattern, path)
			}
		}
		for _, path := range strings.Fields(tt.no) {
			if p.Covers(path) {
				t.Errorf("%q: Covers(%q) = true", tt.pattern, path)
			}
		}
	}
}

func TestBaseAndLiteral(t *testing.T) {
	for _, tt := range []struct {
		pattern, base string
		literal       bool
	}{
		{"src", "/p/src", true},
		{"src/", "/p/src", true},
		{".", "/p", true},
		{"/", "/", true},
		{"../x", "/x", true},
		{`a\*b`, "/p/a*b", true},
		{"src/**", "/p/src", false},
		{"**/*.rs", "/p", false},
		{"src/a*/b", "/p/src", false},
		{"src/{a,b}/c", "/p/src", false},
		{"{src,src/x}/y", "/p/src", false},
		{"{src,src}/y", "/p/src/y", false},
		{"{/etc,src}", "/", false},
		{"/*/x", "/", false},
	} {
		p := mustCompile(t, "/p", tt.pattern)
		if got := p.Base(); got != tt.base {
			t.Errorf("%q: Base() = %q, want %q", tt.pattern, got, tt.base)
		}
		path, ok := p.Literal()
		if ok != tt.literal || (ok && path != tt.base) {
			t.Errorf("%q: Literal() = %q, %v", tt.pattern, path, ok)
		}
		if p.String() != tt.pattern {
			t.Errorf("String() = %q, want %q", p, tt.pattern)
		}
	}
}

func TestZeroPattern(t *testing.T) {
	for _, p := range []*Pattern{nil, {}} {
		if p.Match("/a") || p.Covers("/a") || p.Reaches("/a") || p.Reaches("/") {
			t.Error("a zero Pattern matches")
		}
		if _, ok := p.Literal(); ok || p.Base() != "" || p.String() != "" {
			t.Error("a zero Pattern has a text")
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct {
		pattern, msg, hint string
		offset             int
	}{
		{"", "empty pattern", "`.` is the whole project", 0},
		{"  ", "empty pattern", "`.` is the whole project", 0},
		{"!target", "a pattern cannot begin with `!`", "list `target` under `ignore` (for a file whose name begins so, write `\\!target`)", 0},
		{"src/**.rs", "`**` does not go into directories unless it stands alone between slashes", "write `src/**/*.rs`", 4},
		{"**.rs", "`**` does not go into directories unless it stands alone between slashes", "write `**/*.rs`", 0},
		{"src**", "`**` does not go into directories unless it stands alone between slashes", "write `src*/**`", 3},
		{"a/src**x/b", "`**` does not go into directories unless it stands alone between slashes", "write `a/src*/**/*x/b`", 5},
		{"a/***/b", "`**` does not go into directories unless it stands alone between slashes", "write `a/**/b`", 2},
		{"{src/**.rs,x}", "`**` does not go into directories unless it stands alone between slashes", "write `**/*.rs`", 5},
		{"a{**,b}", "`**` does not go into directories unless it stands alone between slashes", "write `a*/**`", 2},
		{"a/[b", "`[` is never closed", "write `\\[` for the character itself", 2},
		{"a/[]b", "`[]` is empty", "write `\\[` for the character itself", 2},
		{"a/[!]", "`[]` is empty", "write `\\[` for the character itself", 2},
		{"[z-a]", "a range in `[…]` that runs backwards", "the smaller character comes first, as in `[a-z]`", 2},
		{"[a/b]", "a `/` within `[…]`", "a class is one character of a name, never a slash", 2},
		{"[[:alpha:]]x", "classes such as `[[:alpha:]]` are not supported", "write a range, such as `[a-zA-Z]`", 0},
		{"a{b", "`{` is never closed", "alternatives are `{a,b}`; write `\\{` for the character itself", 1},
		{"ab}", "`}` without `{`", "write `\\}` for the character itself", 2},
		{`src\main.rs`, "a backslash in a pattern only escapes one of " + special, "directories are separated by `/` on every system", 3},
		{`src\`, "a backslash at the end of a pattern", "directories are separated by `/` on every system", 3},
		{"~/x", "`~` is not expanded", "write `${HOME}/x`", 0},
		{"*.@(ts|js)", "`@(…|…)` is not supported", "alternatives are written `{ts,js}`", 2},
		{"src/+(x)", "`+(…)` is not supported", "write `x`; for a name with these characters, `+[(]x)`", 4},
		{"src/{id}/x", "`{id}` has one alternative", "write `\\{id\\}` for a name with these characters; alternatives are `{a,b}`", 4},
		{"{a..c}.go", "`{a..c}` is not a range here", "write `[a-c]`", 0},
		{"v{1..10}", "`{1..10}` is not a range here", "write the alternatives out, as in `{1,2,3}`", 1},
		{"{{a,b}}", "`{{a,b}}` has one alternative", "write `\\{{a,b}\\}` for a name with these characters; alternatives are `{a,b}`", 0},
		{"*/../x", "`..` after a wildcard", "put the `..` first, as in `../*/src`", 0},
		{"a\x00b", "a NUL character in a pattern", "", 1},
		{strings.Repeat("{a,b}", 10), "braces that expand to more than 1000 patterns", "", 0},
		{strings.Repeat("a", 4097), "a pattern of more than 4096 bytes", "", 0},
	} {
		_, err := Compile("/p", tt.pattern)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("Compile(%q) = %v, want an *Error", tt.pattern, err)
			continue
		}
		if e.Msg != tt.msg || e.Hint != tt.hint || e.Offset != tt.offset || e.Error() != tt.msg {
			t.Errorf("Compile(%q):\n got %q, %q at %d\nwant %q, %q at %d",
				tt.pattern, e.Msg, e.Hint, e.Offset, tt.msg, tt.hint, tt.offset)
		}
	}
}

func TestReadings(t *testing.T) {
	verbatim := func(p *Pattern) (*Pattern, bool) { return p.Verbatim() }
	anywhere := func(p *Pattern) (*Pattern, bool) { return p.Anywhere() }
	rooted := func(p *Pattern) (*Pattern, bool) { return p.Rooted() }
	for _, tt := range []struct {
		read    func(*Pattern) (*Pattern, bool)
		pattern string
		path    string // that the reading matches; "": there is none
	}{
		{verbatim, "app/[id]/page.tsx", "/p/app/[id]/page.tsx"},
		{verbatim, "app/[...slug]/**", "/p/app/[...slug]/a/b"},
		{verbatim, "app/page.tsx", ""},
		{verbatim, `app/\[id\]/*.tsx`, ""},
		{anywhere, "node_modules", "/p/packages/a/node_modules/x"},
		{anywhere, "*.log", "/p/a/b.log"},
		{anywhere, "dist/", "/p/a/dist/x"},
		{anywhere, "./dist", ""},
		{anywhere, "a/dist", ""},
		{anywhere, "**", ""},
		{rooted, "/dist", "/p/dist/x"},
		{rooted, "/src/**", "/p/src/x"},
		{rooted, "/p/src", ""},
		{rooted, "src", ""},
	} {
		p := mustCompile(t, "/p", tt.pattern)
		read, ok := tt.read(p)
		switch {
		case ok != (tt.path != ""):
			t.Errorf("%s has another reading: %v", tt.pattern, ok)
		case ok && !read.Covers(tt.path):
			t.Errorf("%s, read as %s, does not match %s", tt.pattern, read, tt.path)
		}
	}
}

// FuzzMatch holds Match against doublestar's own matcher, and Reaches, Covers
// and Base against Match.
func FuzzMatch(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzMatch.txtar")
	for _, seed := range [][2]string{
		{"src/**/*.rs", "/p/src/a/b.rs"},
		{"**/a/**/b/*c*", "/p/a/x/a/b/xcx"},
		{"{a,b{c,d}}/[a-c]?", "/p/bc/ax"},
		{`\*/[^a]`, "/p/*/b"},
		{"../x/*", "/x/y"},
		{"*/", "/p/a/b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, file string) {
		file = path.Clean("/" + file)
		p, err := Compile("/p", text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Msg == "" || e.Offset < 0 || e.Offset > len(text) {
				t.Fatalf("Compile(%q): not a mistake with a place: %#v", text, err)
			}
			return
		}
		matched := p.Match(file)
		if matched {
			if !p.Covers(file) {
				t.Errorf("%q matches %q, but does not cover it", text, file)
			}
			if base := strings.TrimSuffix(p.Base(), "/"); !isBelow(file, base) {
				t.Errorf("%q matches %q, which is not below its base %q", text, file, base)
			}
			for dir := file; ; dir = path.Dir(dir) {
				if !p.Reaches(dir) {
					t.Errorf("%q matches %q, but does not reach %q", text, file, dir)
				}
				if dir == "/" {
					break
				}
			}
		}
		// doublestar: the same, where the languages are the same.
		if !utf8.ValidString(text) || !utf8.ValidString(file) || strings.ContainsAny(text, "[{") ||
			!strings.ContainsAny(text, "*?") || path.Clean(text) != text || strings.HasPrefix(text, "..") ||
			file == "/" { // doublestar lets the empty name after the slash match `*`
			return
		}
		whole := text
		if !strings.HasPrefix(text, "/") {
			whole = "/p/" + text
		}
		want, err := doublestar.Match(whole, file)
		if err != nil {
			t.Fatalf("doublestar refuses %q: %v", text, err)
		}
		if matched && strings.HasSuffix(text, "*/**") {
			want = true // doublestar forgets that `**` may be nothing if a `*` before it is nothing too
		}
		if _, literal := p.Literal(); !literal && matched != want {
			t.Errorf("%q: Match(%q) = %v, doublestar says %v", text, file, matched, want)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	const (
		hit  = "/home/user/project/crates/server/src/routes/users/handler.rs"
		miss = "/home/user/project/crates/server/src/routes/users/handler.html"
	)
	for _, bb := range []struct{ name, pattern, path string }{
		{"literal-hit", "crates", hit},
		{"literal-miss", "docs", hit},
		{"deep-suffix-hit", "**/*.rs", hit},
		{"deep-suffix-miss", "**/*.rs", miss},
		{"braces-hit", "{src,crates}/**/*.{rs,toml,md}", hit},
		{"wild-hit", "crates/*/src/**/[a-z]*r.rs", hit},
		{"wild-miss", "crates/*/src/**/[a-z]*x.rs", hit},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := mustCompile(b, "/home/user/project", bb.pattern)
			b.ReportAllocs()
			for b.Loop() {
				p.Match(bb.path)
			}
		})
	}
	b.Run("doublestar-braces-hit", func(b *testing.B) { // what compiling saves
		b.ReportAllocs()
		for b.Loop() {
			doublestar.MatchUnvalidated("/home/user/project/{src,crates}/**/*.{rs,toml,md}", hit)
		}
	})
}

func BenchmarkReaches(b *testing.B) {
	p := mustCompile(b, "/home/user/project", "{src,crates}/**/*.{rs,toml,md}")
	b.ReportAllocs()
	for b.Loop() {
		p.Reaches("/home/user/project/node_modules/left-pad/lib")
	}
}
