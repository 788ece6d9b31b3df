package machine

import (
	"fmt"
	"strings"
)

// randomProject writes a project without cycles: edges go from nodes with a
// lower rank to nodes with a higher one, and ranks are shuffled over the file.
func randomProject(d *dice) string {
	n := 1 + d.n(6)
	rank := make([]int, n)
	watcher := make([]bool, n)
	for i := range n {
		j := d.n(i + 1)
		rank[i], rank[j] = rank[j], i
		watcher[i] = d.percent(60)
	}
	name := func(i int) string {
		if watcher[i] {
			return fmt.Sprintf("w%d", i)
		}
		return fmt.Sprintf("p%d", i)
	}
	var b strings.Builder
	if d.percent(15) {
		b.WriteString("once\n")
	}
	fmt.Fprintf(&b, "jobs %d\nremote %d\n", 1+d.n(3), 1+d.n(2))
	for i := range n {
		var needs, readers []string
		for j := range n {
			switch {
			case rank[j] < rank[i] && d.percent(25):
				needs = append(needs, name(j)+randomCondition(d, watcher[j], !watcher[i]))
			case rank[j] > rank[i] && watcher[i] && d.percent(35):
				readers = append(readers, name(j))
			}
		}
		var options []string
		if len(needs) > 0 {
			options = append(options, "needs="+strings.Join(needs, ","))
		}
		if watcher[i] {
			b.WriteString("watcher " + name(i) + ": ")
			if d.percent(90) {
				b.WriteString(randomStages(d))
			}
			if len(readers) > 0 {
				b.WriteString(" -> " + strings.Join(readers, ","))
			}
			options = append(options, some(d, "queue", 30, "nostart", 15, "settle=100ms", 10)...)
		} else {
			b.WriteString("process " + name(i))
			options = append(options, some(d, "probed", 50, "reload", 15, "nostart", 10, "stop=0s", 5, "first", 35, "wait", 15,
				"restart=always", 30, "restart=never", 20, "backoff=100ms/1s/2", 30)...)
		}
		b.WriteString("; " + strings.Join(options, " ") + "\n")
	}
	return b.String()
}

// randomCondition is what a node wants of a dependency; only a process can be
// restarted with it.
func randomCondition(d *dice, watcher, process bool) string {
	if watcher {
		return ""
	}
	s := []string{":ready", ":ready", ":started", ":succeeded"}[d.n(4)]
	if process && d.percent(30) {
		s += "+restart"
	}
	return s
}

// randomStages are up to four stages, one after the other or side by side.
func randomStages(d *dice) string {
	var b strings.Builder
	for i := range 1 + d.n(4) {
		if i > 0 {
			b.WriteString([]string{", ", "+"}[d.n(2)])
		}
		fmt.Fprintf(&b, "s%d", i)
		if options := some(d, "if=a", 20, "if=b", 10, "timeout=500ms", 10, "allow", 10, "keep", 10, "remote", 15); len(options) > 0 {
			b.WriteString("(" + strings.Join(options, " ") + ")")
		}
	}
	return b.String()
}

// some picks options, each with its own chance in percent.
func some(d *dice, choices ...any) (picked []string) {
	for i := 0; i < len(choices); i += 2 {
		if d.percent(choices[i+1].(int)) {
			picked = append(picked, choices[i].(string))
		}
	}
	return picked
}
