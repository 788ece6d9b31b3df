# What Gradle would do, without its plugins: the class, and a jar that runs.
set -e
mkdir -p build/classes build/libs
javac -d build/classes src/Server.java
jar --create --file build/libs/app.jar --main-class Server -C build/classes .
