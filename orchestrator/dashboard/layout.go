package dashboard

import (
	"cmp"
	"slices"

	"devloop/orchestrator/control"
)

// Graph is what there is to draw.
type Graph struct {
	Nodes   []GraphNode // in the order of the file
	Edges   []GraphEdge
	Sockets []GraphSocket
}

// GraphNode is a watcher or a process.
type GraphNode struct {
	Name, Kind string
	Broke      []control.Broke // with which saves what fails of it began to
}

// GraphEdge says that To waits for From; both are names of nodes.
type GraphEdge struct{ From, To, Kind string }

// GraphSocket is a socket, and the processes that get it.
type GraphSocket struct {
	Name, Address string
	Nodes         []string
}

// The lengths of the drawing, in CSS pixels.
const (
	boxHeight   = 34
	boxLeast    = 84  // a box is at least so wide
	boxMost     = 240 // and at most
	perRune     = 8   // of a name
	boxPadding  = 34
	layerGap    = 56 // between the boxes of one layer and the next
	boxGap      = 18 // between boxes of a layer
	laneHeight  = 10 // of an edge that passes through a layer
	drawMargin  = 8
	sweeps      = 8 // of the ordering of layers
	straightens = 6
)

// drawing is a Graph with places for everything, from left to right.
type drawing struct {
	Width   int           `json:"width"`
	Height  int           `json:"height"`
	Nodes   []drawnNode   `json:"nodes"`
	Edges   []drawnEdge   `json:"edges"`
	Sockets []drawnSocket `json:"sockets"`
}

type box struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

type drawnNode struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // "watcher" or "process"
	box
}

type drawnSocket struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`
	Nodes   []string `json:"nodes"`
	box
}

type drawnEdge struct {
	From   string   `json:"from"`
	To     string   `json:"to"`   // of kind "socket": the socket
	Kind   string   `json:"kind"` // "trigger", "depends_on" or "socket"
	Points [][2]int `json:"points"`
}

// cell is a place in a layer: of a node, of a socket, or of an edge on its way through.
type cell struct {
	box
	layer, order int
	up, down     []*cell
	bary         float64
}

// layout is a drawing in the making: layers of cells from left to right (the method of Sugiyama). The same graph gives
// the same drawing.
type layout struct {
	cells  []*cell // of the graph's nodes and sockets, then of its edges
	layers [][]*cell
}

// draw lays a graph out.
func draw(g Graph) drawing {
	var l layout
	at := map[string]*cell{}
	for _, n := range g.Nodes {
		at[n.Name] = l.add(n.Name)
	}
	type route struct {
		drawnEdge
		from, to *cell
		way      []*cell // between them
	}
	var routes []route
	known := map[[2]*cell]bool{}
	connect := func(from, to *cell, e drawnEdge) {
		if from == nil || to == nil || from == to || known[[2]*cell{from, to}] {
			return
		}
		known[[2]*cell{from, to}] = true
		from.down, to.up = append(from.down, to), append(to.up, from)
		routes = append(routes, route{drawnEdge: e, from: from, to: to})
	}
	for _, e := range g.Edges {
		connect(at[e.From], at[e.To], drawnEdge{From: e.From, To: e.To, Kind: e.Kind})
	}
	sockets := make([]*cell, len(g.Sockets))
	for i, s := range g.Sockets {
		sockets[i] = l.add(s.Name)
		for _, n := range s.Nodes {
			connect(at[n], sockets[i], drawnEdge{From: n, To: s.Name, Kind: "socket"})
		}
	}
	l.assign()
	for i := range routes {
		routes[i].way = l.through(routes[i].from, routes[i].to)
	}
	l.order()
	d := drawing{Nodes: []drawnNode{}, Edges: []drawnEdge{}, Sockets: []drawnSocket{}}
	d.Width, d.Height = l.place()
	for _, n := range g.Nodes {
		d.Nodes = append(d.Nodes, drawnNode{n.Name, n.Kind, at[n.Name].box})
	}
	for i, s := range g.Sockets {
		d.Sockets = append(d.Sockets, drawnSocket{s.Name, s.Address, append([]string{}, s.Nodes...), sockets[i].box})
	}
	for _, r := range routes {
		r.Points = append(r.Points, r.from.right())
		for _, c := range r.way {
			r.Points = append(r.Points, c.left(), c.right())
		}
		r.Points = append(r.Points, r.to.left())
		d.Edges = append(d.Edges, r.drawnEdge)
	}
	return d
}

func (c *cell) left() [2]int  { return [2]int{c.X, c.Y + c.Height/2} }
func (c *cell) right() [2]int { return [2]int{c.X + c.Width, c.Y + c.Height/2} }

// add makes the cell of a name.
func (l *layout) add(name string) *cell {
	c := &cell{box: box{Width: min(max(perRune*len([]rune(name))+boxPadding, boxLeast), boxMost), Height: boxHeight}, layer: -1}
	l.cells = append(l.cells, c)
	return c
}

// assign puts every cell into the layer after the last one that it waits for. One that nothing waits for, and that waits
// for nothing, is in the first. A cell without an upstream moves next to what waits for it.
func (l *layout) assign() {
	var layerOf func(c *cell, deep int) int
	layerOf = func(c *cell, deep int) int {
		if c.layer < 0 && deep <= len(l.cells) { // a graph has no cycle; else the drawing would still end
			layer := 0
			for _, up := range c.up {
				layer = max(layer, layerOf(up, deep+1)+1)
			}
			c.layer = layer
		}
		return c.layer
	}
	most := 0
	for _, c := range l.cells {
		most = max(most, layerOf(c, 0))
	}
	for _, c := range l.cells {
		if len(c.up) == 0 && len(c.down) > 0 {
			next := most
			for _, down := range c.down {
				next = min(next, down.layer)
			}
			c.layer = max(0, next-1)
		}
	}
	l.layers = make([][]*cell, most+1)
	for _, c := range l.cells {
		l.layers[c.layer] = append(l.layers[c.layer], c)
	}
}

// through makes the cells that an edge passes on its way.
func (l *layout) through(from, to *cell) (way []*cell) {
	if to.layer-from.layer < 2 {
		return nil
	}
	from.down = slices.DeleteFunc(from.down, func(c *cell) bool { return c == to })
	to.up = slices.DeleteFunc(to.up, func(c *cell) bool { return c == from })
	last := from
	for layer := from.layer + 1; layer < to.layer; layer++ {
		c := &cell{box: box{Height: laneHeight}, layer: layer, up: []*cell{last}}
		last.down = append(last.down, c)
		l.layers[layer] = append(l.layers[layer], c)
		way, last = append(way, c), c
	}
	last.down, to.up = append(last.down, to), append(to.up, last)
	return way
}

// order sorts the layers so that few edges cross: each cell goes to the middle of its neighbours in the layer before, then
// in the layer after, again and again; the best of these orders is kept.
func (l *layout) order() {
	l.number()
	best, fewest := l.snapshot(), l.crossings()
	for sweep := 0; sweep < sweeps && fewest > 0; sweep++ {
		forth := sweep%2 == 0
		for i := range l.layers {
			neighbours := func(c *cell) []*cell { return c.up }
			if !forth {
				i, neighbours = len(l.layers)-1-i, func(c *cell) []*cell { return c.down }
			}
			for _, c := range l.layers[i] {
				c.bary = float64(c.order)
				if near := neighbours(c); len(near) > 0 {
					sum := 0
					for _, n := range near {
						sum += n.order
					}
					c.bary = float64(sum) / float64(len(near))
				}
			}
			slices.SortStableFunc(l.layers[i], func(a, b *cell) int { return cmp.Compare(a.bary, b.bary) })
			for order, c := range l.layers[i] {
				c.order = order
			}
		}
		if now := l.crossings(); now < fewest {
			best, fewest = l.snapshot(), now
		}
	}
	l.layers = best
	l.number()
}

func (l *layout) number() {
	for _, layer := range l.layers {
		for order, c := range layer {
			c.order = order
		}
	}
}

func (l *layout) snapshot() [][]*cell {
	var kept [][]*cell
	for _, layer := range l.layers {
		kept = append(kept, slices.Clone(layer))
	}
	return kept
}

// crossings counts the pairs of edges between two layers that cross.
func (l *layout) crossings() (n int) {
	var ends []int // of the edges so far, sorted
	var next []int
	for _, layer := range l.layers {
		ends = ends[:0]
		for _, c := range layer {
			next = next[:0]
			for _, d := range c.down {
				next = append(next, d.order)
			}
			slices.Sort(next)
			for _, to := range next {
				after, _ := slices.BinarySearch(ends, to+1)
				n += len(ends) - after
			}
			for _, to := range next {
				i, _ := slices.BinarySearch(ends, to)
				ends = slices.Insert(ends, i, to)
			}
		}
	}
	return n
}

// place gives the cells their coordinates: a column a layer; in it, each cell as near as it can be to the middle of its
// neighbours.
func (l *layout) place() (width, height int) {
	x := drawMargin
	for _, layer := range l.layers {
		widest, y := 0, 0
		for _, c := range layer {
			widest = max(widest, c.Width)
			c.Y = y
			y += c.Height + boxGap
		}
		for _, c := range layer {
			c.X = x
			c.Width = widest // also what is only on its way: edges pass a layer straight
		}
		x += widest + layerGap
	}
	width = x - layerGap + drawMargin
	for i := range straightens {
		for j := range l.layers {
			if i%2 == 0 {
				l.straighten(l.layers[j], func(c *cell) []*cell { return c.up })
			} else {
				l.straighten(l.layers[len(l.layers)-1-j], func(c *cell) []*cell { return c.down })
			}
		}
	}
	least := 0
	for _, layer := range l.layers {
		for _, c := range layer {
			least = min(least, c.Y)
		}
	}
	for _, layer := range l.layers {
		for _, c := range layer {
			c.Y += drawMargin - least
			height = max(height, c.Y+c.Height+drawMargin)
		}
	}
	return width, height
}

// straighten moves the cells of a layer towards the middle of their neighbours, in their order, without an overlap. Cells
// that would push each other move together, to the mean of where they would be.
func (l *layout) straighten(layer []*cell, neighbours func(*cell) []*cell) {
	type block struct {
		first, cells int
		size         int     // with the gaps between its cells
		sum          float64 // of where its cells would have it begin
	}
	var blocks []block
	for i, c := range layer {
		want := float64(c.Y)
		if near := neighbours(c); len(near) > 0 {
			middle := 0.0
			for _, n := range near {
				middle += float64(n.Y) + float64(n.Height)/2
			}
			want = middle/float64(len(near)) - float64(c.Height)/2
		}
		b := block{first: i, cells: 1, size: c.Height, sum: want}
		for len(blocks) > 0 {
			before := blocks[len(blocks)-1]
			if before.sum/float64(before.cells)+float64(before.size+boxGap) <= b.sum/float64(b.cells) {
				break
			}
			offset := float64(before.size + boxGap)
			b = block{first: before.first, cells: before.cells + b.cells, size: before.size + boxGap + b.size, sum: before.sum + b.sum - offset*float64(b.cells)}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	for i, b := range blocks {
		y := int(b.sum / float64(b.cells))
		if i > 0 { // what rounding takes
			last := layer[b.first-1]
			y = max(y, last.Y+last.Height+boxGap)
		}
		for _, c := range layer[b.first : b.first+b.cells] {
			c.Y = y
			y += c.Height + boxGap
		}
	}
}
