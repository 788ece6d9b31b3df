SECRET_KEY = "only for development"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = []
DATABASES = {}
USE_TZ = True
