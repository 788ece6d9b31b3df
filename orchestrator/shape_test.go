package orchestrator_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// The tables below name what is larger than it should be, with its size today.
// A size may only shrink: a test fails when it grows, and when it has shrunk
// and the table does not say so yet.

// fileCycles are the packages in which more than four files use each other's
// names in a circle: the number of files of the largest circle, and what ties
// them.
var fileCycles = map[string]struct {
	files int
	why   string
}{
	"orchestrator/console": {5, "Console and its streams, which share a screen"},
	"orchestrator/fspoll":  {7, "Poller, and the files of one round"},
	"orchestrator/machine": {18, "Machine: one state, one step"},
	"orchestrator/proxy":   {10, "Front: a request, the generation it goes to, and the way between"},
	"orchestrator/sockets": {6, "Set, Held and Grant: what is held, and who has it"},
}

func TestNoLargeCycleOfFiles(t *testing.T) {
	t.Parallel()
	const most = 4
	for _, p := range packages(t) {
		var largest []string
		if cycles := p.cycles(); len(cycles) > 0 {
			largest = cycles[0]
		}
		allowed, why := most, "files of a package should be read one after the other"
		if known, ok := fileCycles[p.path]; ok {
			allowed, why = known.files, known.why
			if len(largest) < allowed {
				t.Errorf("%s: its largest cycle has %d files now: write that in fileCycles, or take the line out if it is not more than %d", p.path, len(largest), most)
			}
		}
		if len(largest) > allowed {
			t.Errorf("%s: a cycle of %d files, and not more than %d are allowed (%s): %s", p.path, len(largest), allowed, why, strings.Join(largest, " "))
		}
	}
}

// largeTypes are the types with more than 20 fields or 40 methods. The machine
// is one state and is not asked.
var largeTypes = map[string]struct {
	fields, methods int
	why             string
}{}

func TestNoLargeTypes(t *testing.T) {
	t.Parallel()
	const mostFields, mostMethods = 20, 40
	for _, p := range packages(t) {
		if p.path == "orchestrator/machine" {
			continue
		}
		for _, named := range p.named() {
			fields, methods := 0, named.NumMethods()
			if s, ok := named.Underlying().(*types.Struct); ok {
				fields = s.NumFields()
			}
			if p.path == "schema" && methods == 0 {
				continue // plain data: as many fields as the language has keys
			}
			name := p.path + "." + named.Obj().Name()
			known := largeTypes[name]
			if allowed := max(mostFields, known.fields); fields > allowed {
				t.Errorf("%s: %s has %d fields, and not more than %d are allowed: give some of them a type of their own", p.where(named.Obj().Pos()), name, fields, allowed)
			}
			if allowed := max(mostMethods, known.methods); methods > allowed {
				t.Errorf("%s: %s has %d methods, and not more than %d are allowed: give some of them a type of their own", p.where(named.Obj().Pos()), name, methods, allowed)
			}
			if fields < known.fields || methods < known.methods {
				t.Errorf("%s has %d fields and %d methods now: write that in largeTypes, with 0 for what is not more than %d and %d", name, fields, methods, mostFields, mostMethods)
			}
		}
	}
}

// An exported name is for another package's product code. What need not be
// named there: a type that comes with another exported name, the values of a
// type whose other values are used, fields, and a method that an interface asks
// for.
func TestExportedNamesHaveUsers(t *testing.T) {
	t.Parallel()
	all := packages(t)
	used := map[types.Object]bool{}
	usedType := map[types.Type]bool{} // of constants
	elsewhere := map[string]bool{}    // names in files for other systems
	for _, p := range all {
		for _, name := range p.other {
			elsewhere[name] = true
		}
		for _, obj := range p.info.Uses {
			if obj.Pkg() == p.types {
				continue
			}
			switch obj := obj.(type) {
			case *types.Func:
				used[obj.Origin()] = true
			case *types.Const:
				usedType[obj.Type()] = true
				used[obj] = true
			default:
				used[obj] = true
			}
		}
	}
	asked := interfaces(all)
	check := func(p *pkg, obj types.Object, name string) {
		if !obj.Exported() || used[obj] || elsewhere[obj.Name()] {
			return
		}
		t.Errorf("%s: %s.%s has no user in another package: take it out, or give it a small letter", p.where(obj.Pos()), p.path, name)
	}
	for _, p := range all {
		if strings.HasPrefix(p.path, "orchestrator/test/") {
			continue // for tests
		}
		comes := p.mentioned()
		for _, name := range p.types.Scope().Names() {
			obj := p.types.Scope().Lookup(name)
			if constant, ok := obj.(*types.Const); ok && (usedType[constant.Type()] || comes[named(constant.Type())]) {
				if _, basic := constant.Type().(*types.Basic); !basic {
					continue
				}
			}
			if !comes[obj] {
				check(p, obj, name)
			}
		}
		for _, typ := range p.named() {
			if !typ.Obj().Exported() {
				continue
			}
			for m := range typ.Methods() {
				if m.Name() == "Unwrap" {
					continue // errors.Is asks for it, without an interface that has a name
				}
				implements := func(i *types.Interface) bool { return types.Implements(types.NewPointer(typ), i) }
				if !slices.ContainsFunc(asked[m.Name()], implements) {
					check(p, m, typ.Obj().Name()+"."+m.Name())
				}
			}
		}
	}
}

// named is the type name of typ, or nil.
func named(typ types.Type) types.Object {
	if n, ok := types.Unalias(typ).(*types.Named); ok {
		return n.Obj()
	}
	return nil
}

// mentioned are the package's own types that a user gets with its other
// exported names: as a parameter, a result, a field, a variable.
func (p *pkg) mentioned() map[types.Object]bool {
	all := map[types.Object]bool{}
	var add func(types.Type)
	add = func(typ types.Type) {
		switch typ := types.Unalias(typ).(type) {
		case *types.Named:
			all[typ.Obj()] = true
			for arg := range typ.TypeArgs().Types() {
				add(arg)
			}
		case *types.Pointer:
			add(typ.Elem())
		case *types.Slice:
			add(typ.Elem())
		case *types.Array:
			add(typ.Elem())
		case *types.Chan:
			add(typ.Elem())
		case *types.Map:
			add(typ.Key())
			add(typ.Elem())
		case *types.Signature:
			for v := range typ.Params().Variables() {
				add(v.Type())
			}
			for v := range typ.Results().Variables() {
				add(v.Type())
			}
		case *types.Struct:
			for f := range typ.Fields() {
				if f.Exported() {
					add(f.Type())
				}
			}
		case *types.Interface:
			for m := range typ.Methods() {
				add(m.Type())
			}
		}
	}
	for _, name := range p.types.Scope().Names() {
		obj := p.types.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		if _, ok := obj.(*types.TypeName); !ok {
			add(obj.Type())
			continue
		}
		add(obj.Type().Underlying())
		if typ, ok := obj.Type().(*types.Named); ok {
			for m := range typ.Methods() {
				if m.Exported() {
					add(m.Type())
				}
			}
		}
	}
	return all
}

// TestNoCompiledExpressions: what a package compiles when the program starts, the
// loop carries all day. That those compiled later are right is tested here.
func TestNoCompiledExpressions(t *testing.T) {
	t.Parallel()
	calls := func(p *pkg, e ast.Expr, name string) bool {
		call, ok := e.(*ast.CallExpr)
		if !ok {
			return false
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		return ok && p.info.Uses[f.Sel] != nil && p.info.Uses[f.Sel].Pkg() != nil && p.info.Uses[f.Sel].Pkg().Path()+"."+f.Sel.Name == name
	}
	found := 0
	for _, p := range packages(t) {
		if strings.HasPrefix(p.path, "cmd/devbench") || strings.HasPrefix(p.path, "orchestrator/test/") {
			continue // not in the program
		}
		for _, initial := range p.info.InitOrder {
			ast.Inspect(initial.Rhs, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok && calls(p, e, "regexp.MustCompile") {
					t.Errorf("%s: compiled when the program starts: use lazyregexp.New", p.where(e.Pos()))
				}
				_, function := n.(*ast.FuncLit)
				return !function
			})
		}
		for e := range p.info.Types {
			if !calls(p, e, "devloop/schema/lazyregexp.New") {
				continue
			}
			found++
			text := p.info.Types[e.(*ast.CallExpr).Args[0]].Value
			if text == nil {
				t.Errorf("%s: write the expression as a constant, so that it can be tested", p.where(e.Pos()))
			} else if _, err := regexp.Compile(constant.StringVal(text)); err != nil {
				t.Errorf("%s: %v", p.where(e.Pos()), err)
			}
		}
	}
	if found == 0 {
		t.Error("no expression found")
	}
}

// interfaces are those that the packages and what they import declare or
// spell out, by the names of their methods.
func interfaces(all []*pkg) map[string][]*types.Interface {
	found := map[string][]*types.Interface{}
	add := func(typ types.Type) {
		if i, ok := typ.Underlying().(*types.Interface); ok {
			for m := range i.Methods() {
				found[m.Name()] = append(found[m.Name()], i)
			}
		}
	}
	add(types.Universe.Lookup("error").Type())
	seen := map[*types.Package]bool{}
	for _, p := range all {
		for _, tv := range p.info.Types {
			if i, ok := tv.Type.(*types.Interface); ok && tv.IsType() {
				add(i)
			}
		}
		for _, in := range append(p.types.Imports(), p.types) {
			if seen[in] {
				continue
			}
			seen[in] = true
			for _, name := range in.Scope().Names() {
				if obj, ok := in.Scope().Lookup(name).(*types.TypeName); ok {
					add(obj.Type())
				}
			}
		}
	}
	return found
}

// bannedWords are words of our own for what has a name that everybody knows,
// and that name.
var bannedWords = map[string]string{
	"board":    "begin",
	"calm":     "what it is: unchanged, readable, idle",
	"debt":     "since (a step)",
	"dirt":     "pending",
	"door":     "endpoint",
	"feed":     "feedback loop",
	"flight":   "attempt",
	"foreign":  "aliases",
	"gift":     "grant",
	"greet":    "accept",
	"guest":    "held connection",
	"horror":   "stubborn tree",
	"hot":      "recent",
	"hunt":     "tree killer",
	"husk":     "tombstone",
	"keeper":   "worker",
	"knock":    "dial",
	"lack":     "last check error",
	"land":     "finish",
	"later":    "reserved",
	"learn":    "baseline",
	"lease":    "crash record",
	"lent":     "granted",
	"manner":   "mode",
	"moment":   "event, time",
	"outlook":  "down page",
	"owe":      "since (a step)",
	"owed":     "since (a step)",
	"paid":     "done",
	"pay":      "be done with",
	"promised": "since (a step)",
	"ration":   "descriptor budget",
	"resight":  "reopen",
	"say":      "report, write",
	"sight":    "file watch",
	"spare":    "reserve",
	"spot":     "place",
	"standin":  "placeholder",
	"starved":  "discarded",
	"stay":     "serve",
	"stranger": "other process",
	"survey":   "evaluate",
	"tainted":  "blocked",
	"tame":     "sanitize",
	"tell":     "report",
	"teller":   "reporter",
	"thrift":   "memory release",
	"wind":     "stop, shut down",
}

// wordsLeft are the packages that still use them: a word, and how many names
// of the package have it.
var wordsLeft = map[string]map[string]int{
	"orchestrator/console":   {"say": 1},
	"orchestrator/contents":  {"later": 1, "learn": 1},
	"orchestrator/control":   {"moment": 1},
	"orchestrator/doctor":    {"spare": 1},
	"orchestrator/gitignore": {"tell": 1},
	"orchestrator/journal":   {"spare": 1},
	"orchestrator/report":    {"say": 2},
	"orchestrator/shellcmd":  {"say": 1},
	"orchestrator/sockets":   {"say": 1, "tell": 1},
	"schema":                 {"lent": 1},
	"schema/dotenv":          {"manner": 1},
}

func TestNoPrivateWordsInNames(t *testing.T) {
	t.Parallel()
	names := map[string]map[string]map[string]bool{} // package, word, name
	where := map[string]string{}                     // one place of a name
	goFiles(t, func(pkg, path string) {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if names[pkg] == nil {
			names[pkg] = map[string]map[string]bool{}
		}
		for _, id := range declared(file) {
			for _, word := range words(id.Name) {
				if bannedWords[word] == "" {
					word = strings.TrimSuffix(word, "s")
				}
				if bannedWords[word] == "" || strings.Contains(strings.ToLower(id.Name), "inflight") { // which is everybody's word
					continue
				}
				if names[pkg][word] == nil {
					names[pkg][word] = map[string]bool{}
				}
				names[pkg][word][id.Name] = true
				where[pkg+"."+id.Name] = fset.Position(id.Pos()).String()
			}
		}
	})
	for pkg, left := range wordsLeft {
		for word, n := range left {
			if now := len(names[pkg][word]); now < n {
				t.Errorf("%s: %q is in %d names now: write that in wordsLeft, or take it out if there is none", pkg, word, now)
			}
		}
	}
	for pkg, found := range names {
		for word, with := range found {
			if allowed := wordsLeft[pkg][word]; len(with) > allowed {
				for _, name := range slices.Sorted(maps.Keys(with)) {
					t.Errorf("%s: %s says %q, our own word for: %s (%d names in the package, not more than %d are allowed)", where[pkg+"."+name], name, word, bannedWords[word], len(with), allowed)
				}
			}
		}
	}
}

// declared are the names that a file gives to something: its package, types,
// functions, fields, parameters, variables, constants, imports and labels.
func declared(file *ast.File) []*ast.Ident {
	all := []*ast.Ident{file.Name}
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok {
			all = append(all, id)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			if n.Name != nil {
				all = append(all, n.Name)
			}
		case *ast.TypeSpec:
			all = append(all, n.Name)
		case *ast.ValueSpec:
			all = append(all, n.Names...)
		case *ast.FuncDecl:
			all = append(all, n.Name)
		case *ast.Field:
			all = append(all, n.Names...)
		case *ast.LabeledStmt:
			all = append(all, n.Label)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					add(e)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				add(n.Key)
				add(n.Value)
			}
		}
		return true
	})
	return all
}

// words are the words of a name, in small letters: those of readHTTPLine are
// read, http and line; and two that stand together, as one: standin of newStandIn.
func words(name string) []string {
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
			word = nil
		}
	}
	letters := []rune(name)
	for i, r := range letters {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	for i := range len(all) - 1 {
		all = append(all, all[i]+all[i+1])
	}
	return all
}
