document.querySelector('#module').textContent = 'This line comes from src/main.js.';

if (import.meta.hot) import.meta.hot.accept();
