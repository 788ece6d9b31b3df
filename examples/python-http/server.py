from app import App
from serve import listener, serve

if __name__ == "__main__":
    sock = listener("127.0.0.1", 3000)
    host, port = sock.getsockname()[:2]
    print(f"serving on http://{host}:{port}", flush=True)
    serve(sock, App)
