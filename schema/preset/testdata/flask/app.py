import flask

app = flask.Flask(__name__)


@app.get("/")
def greet():
    return "Hello, World!"
