import { fork } from 'node:child_process'; import { execFileSync } from 'node:child_process'
const c = fork('bench/servers/'+(process.argv[2]??'gatehouse')+'.ts', process.argv[3] ? [process.argv[3]] : [], { execArgv: ['--cpu-prof','--cpu-prof-dir=/tmp/w/prof2'] })
c.send({});
c.on('message', async (m) => { if (!m.port) return; 
 const url='http://127.0.0.1:'+m.port+'/forward-auth/traefik'; const H=['X-Forwarded-Method: GET','X-Forwarded-Proto: https','X-Forwarded-Host: app.example.com','X-Forwarded-Uri: /api/reports?year=2026','X-Forwarded-For: 203.0.113.7','User-Agent: Mozilla/5.0 (X11; Linux x86_64)','Accept: text/html,application/xhtml+xml','Accept-Language: en','Authorization: Bearer '+(m.facts.token??'x')]
 console.log(execFileSync('wrk',['-t1','-c32','-d8s',...H.flatMap(h=>['-H',h]),url]).toString()); c.disconnect() })
c.on('exit',()=>process.exit())
