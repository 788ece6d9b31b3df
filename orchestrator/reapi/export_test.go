package reapi

// DecodeDirectory is for tests: others read a Tree.
var DecodeDirectory = decodeDirectory
