echo "the worker works"
exec sleep 100000
