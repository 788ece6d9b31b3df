import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

@Controller()
class Page {
  @Get()
  page() {
    return "Hello, World!\n";
  }
}

@Module({ controllers: [Page] })
class App {}

NestFactory.create(App).then((app) => app.listen(process.env.PORT ?? 3000, "127.0.0.1"));
