package watchset

import "strings"

// builtin names what no watcher ever sees: git's own directory with all that is
// in it, and files that editors and file systems leave beside those that they are
// about to write. The names of such files mean nothing as those of directories.
func builtin(path string, dir bool) string {
	for rest := path; rest != ""; {
		var name string
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			rest, name = rest[:i], rest[i+1:]
		} else {
			rest, name = "", rest
		}
		if name == ".git" {
			return ".git"
		}
	}
	if dir {
		return ""
	}
	return passing(path[strings.LastIndexByte(path, '/')+1:])
}

// passing is the kind of files that are there for a moment, or for one program
// only, which the name belongs to; "" if it is an ordinary name.
func passing(name string) string {
	switch {
	case name == "4913": // vim tries whether it may write in the directory
		return name
	case name == ".DS_Store":
		return name
	case strings.HasSuffix(name, "~"): // vim's and emacs' backups
		return "*~"
	case strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"): // emacs' auto-save
		return "#*#"
	case strings.HasSuffix(name, "___jb_tmp___"), strings.HasSuffix(name, "___jb_old___"): // IntelliJ's safe write
		return "*___jb_*___"
	case strings.HasPrefix(name, "~syncthing~") && strings.HasSuffix(name, ".tmp"): // Syncthing's, on Windows
		return "~syncthing~*.tmp"
	case !strings.HasPrefix(name, "."):
		return ""
	case strings.HasPrefix(name, ".#"): // emacs' locks
		return ".#*"
	case strings.HasPrefix(name, ".~lock.") && strings.HasSuffix(name, "#"): // LibreOffice's locks
		return ".~lock.*#"
	case strings.HasPrefix(name, ".goutputstream-"): // GLib's safe write: gedit, and what else saves through it
		return ".goutputstream-*"
	case strings.HasSuffix(name, ".kate-swp"): // Kate's and KWrite's swap files
		return ".*.kate-swp"
	case kak(name): // Kakoune's safe write: .name.kak.XXXXXX
		return ".*.kak.*"
	case strings.HasPrefix(name, ".syncthing.") && strings.HasSuffix(name, ".tmp"): // Syncthing's
		return ".syncthing.*.tmp"
	case hexAfter(name, ".nfs"): // what NFS keeps of a file that was removed while it was open
		return ".nfs*"
	case hexAfter(name, ".fuse_hidden"): // what FUSE keeps of one
		return ".fuse_hidden*"
	case swap(name): // vim's swap files: .name.swp, .swo, .swx …
		return ".*.sw?"
	}
	return ""
}

// swap tells whether the name ends like a swap file: .swp, then .swo, .swn …
func swap(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i > 0 && len(name)-i == 4 && name[i+1] == 's' && name[i+2] == 'w' &&
		name[i+3] >= 'a' && name[i+3] <= 'z'
}

// kak tells whether the name ends in .kak. and something without a dot.
func kak(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i > 0 && i+1 < len(name) && strings.HasSuffix(name[:i], ".kak") && len(name[:i]) > len(".kak")
}

// hexAfter tells whether nothing but hexadecimal digits follows the prefix.
func hexAfter(name, prefix string) bool {
	digits, ok := strings.CutPrefix(name, prefix)
	return ok && digits != "" && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}
