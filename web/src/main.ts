import { createApp } from 'vue'
import './styles/tokens.css'
import './styles/base.css'
import './shell/theme'
import App from './App.vue'
import { router } from './shell/router'

createApp(App).use(router).mount('#app')
