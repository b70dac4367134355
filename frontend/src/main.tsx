// The page: one state (`session`), changed by what the server says and by what the person does.
//
//   key, button -> session/store -> reduce -> state -> components
//                      |  ^
//                      v  | messages
//                  session/connection <-> server

import { render } from 'preact'
import { App } from './App'
import { applyTheme } from './frame/theme'
import { begin } from './session/store'
import './style/colors.css'
import './style/page.css'
import './style/panel.css'

applyTheme()
begin()
const place = document.getElementById('page')
if (place) render(<App />, place)
