# What Maven would do, without its plugins: the class, and a jar that runs.
set -e
mkdir -p target/classes
javac -d target/classes src/Server.java
jar --create --file target/app.jar --main-class Server -C target/classes .
